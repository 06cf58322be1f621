# One web server that anybody may reach on port 80.

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

resource "aws_security_group" "web" {
  name        = "hello-server"
  description = "HTTP from everywhere"

  ingress {
    description = "HTTP"
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
  ami             = "ami-04902260ca3d33422"
  instance_type   = "t2.micro"
  user_data       = file("${path.module}/install.sh")
  security_groups = [aws_security_group.web.name]

  tags = {
    Name = "hello-server"
  }
}

output "url" {
  description = "Where the server answers."
  value       = "http://${aws_instance.web.public_ip}/"
}
