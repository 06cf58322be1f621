variable "image" {
  default = "a"
}

locals {
  name = "x"
}

resource "terraform_data" "x" {
  input = "a"
}
