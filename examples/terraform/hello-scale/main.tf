# Several web servers behind one load balancer.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

provider "aws" {
  region = "us-east-1"
}

variable "servers" {
  description = "How many servers share the work."
  type        = number
  default     = 4

  validation {
    condition     = var.servers >= 1 && var.servers <= 20
    error_message = "There must be 1 to 20 servers."
  }
}

data "aws_vpc" "default" {
  default = true
}

data "aws_subnets" "default" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.default.id]
  }
}

resource "aws_security_group" "web" {
  name        = "hello-scale"
  description = "HTTP from everywhere"
  vpc_id      = data.aws_vpc.default.id

  ingress {
    from_port   = 80
    to_port     = 80
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_instance" "web" {
  count = var.servers

  ami             = "ami-04902260ca3d33422"
  instance_type   = "t2.micro"
  user_data       = templatefile("${path.module}/install.sh.tftpl", { number = count.index + 1 })
  security_groups = [aws_security_group.web.name]

  tags = {
    Name = "hello-${count.index + 1}"
  }
}

resource "aws_lb" "web" {
  name               = "hello-scale"
  load_balancer_type = "application"
  subnets            = data.aws_subnets.default.ids
  security_groups    = [aws_security_group.web.id]
}

resource "aws_lb_target_group" "web" {
  name     = "hello-scale"
  port     = 80
  protocol = "HTTP"
  vpc_id   = data.aws_vpc.default.id

  health_check {
    path     = "/"
    interval = 10
    timeout  = 5
  }
}

resource "aws_lb_target_group_attachment" "web" {
  count = length(aws_instance.web)

  target_group_arn = aws_lb_target_group.web.arn
  target_id        = aws_instance.web[count.index].id
  port             = 80
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.web.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.web.arn
  }
}

output "dns_name" {
  description = "The load balancer's name: curl it a few times and see who answers."
  value       = aws_lb.web.dns_name
}
