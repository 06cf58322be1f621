# TaskOverflow, a small task API with PostgreSQL, on instances that an Auto Scaling group adds and removes.

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

  default_tags {
    tags = {
      Project   = "TaskOverflow"
      ManagedBy = "Terraform"
    }
  }
}

variable "image" {
  description = "The container image of the service."
  type        = string
  default     = "ghcr.io/csse6400/taskoverflow:latest"
}

variable "database_password" {
  description = "Of the database's administrator."
  type        = string
  sensitive   = true
  default     = "ChangeMeBeforeAnybodyUsesThis1"
}

locals {
  name          = "taskoverflow"
  port          = 6400
  database_user = "administrator"
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
