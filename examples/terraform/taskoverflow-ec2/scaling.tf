# One instance more while the group is busy, one fewer while it idles.

locals {
  steps = {
    up   = { by = 1, comparison = "GreaterThanOrEqualToThreshold", percent = 20 }
    down = { by = -1, comparison = "LessThanOrEqualToThreshold", percent = 10 }
  }
}

resource "aws_autoscaling_policy" "step" {
  for_each = local.steps

  name                   = "${local.name}-${each.key}"
  autoscaling_group_name = aws_autoscaling_group.service.name
  adjustment_type        = "ChangeInCapacity"
  scaling_adjustment     = each.value.by
  cooldown               = 120
}

resource "aws_cloudwatch_metric_alarm" "cpu" {
  for_each = local.steps

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = "CPU of the group's instances"
  alarm_actions       = [aws_autoscaling_policy.step[each.key].arn]
  namespace           = "AWS/EC2"
  metric_name         = "CPUUtilization"
  statistic           = "Average"
  comparison_operator = each.value.comparison
  threshold           = each.value.percent
  period              = 60
  evaluation_periods  = 2

  dimensions = {
    AutoScalingGroupName = aws_autoscaling_group.service.name
  }
}
