resource "aws_launch_template" "service" {
  name                   = local.name
  image_id               = "ami-005f9685cb30f234b"
  instance_type          = "t2.micro"
  vpc_security_group_ids = [aws_security_group.service.id]

  user_data = base64encode(<<-EOT
    #!/bin/bash
    yum install -y docker
    systemctl enable --now docker
    docker run --detach --restart always --publish ${local.port}:${local.port} --env SQLALCHEMY_DATABASE_URI=${local.database_uri} ${var.image}
  EOT
  )
}

resource "aws_autoscaling_group" "service" {
  name                      = local.name
  min_size                  = 1
  desired_capacity          = 1
  max_size                  = 4
  availability_zones        = ["us-east-1a"]
  health_check_type         = "ELB"
  health_check_grace_period = 120

  launch_template {
    id      = aws_launch_template.service.id
    version = aws_launch_template.service.latest_version
  }

  tag {
    key                 = "Name"
    value               = local.name
    propagate_at_launch = true
  }

  # Auto scaling moves it; the next apply is not to move it back.
  lifecycle {
    ignore_changes = [desired_capacity]
  }
}

resource "aws_autoscaling_attachment" "service" {
  autoscaling_group_name = aws_autoscaling_group.service.name
  lb_target_group_arn    = aws_lb_target_group.service.arn
}
