resource "aws_security_group" "database" {
  name        = "${local.name}-database"
  description = "PostgreSQL from the service only"
  vpc_id      = data.aws_vpc.default.id

  ingress {
    from_port       = 5432
    to_port         = 5432
    protocol        = "tcp"
    security_groups = [aws_security_group.service.id]
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_db_instance" "main" {
  identifier             = local.name
  engine                 = "postgres"
  engine_version         = "14"
  instance_class         = "db.t4g.micro"
  allocated_storage      = 20
  max_allocated_storage  = 1000
  db_name                = local.name
  username               = local.database_user
  password               = var.database_password
  parameter_group_name   = "default.postgres14"
  vpc_security_group_ids = [aws_security_group.database.id]
  skip_final_snapshot    = true
}

locals {
  database_uri = "postgresql://${local.database_user}:${var.database_password}@${aws_db_instance.main.endpoint}/${local.name}"
}
