variable "exporter_role" {
  description = "Role of the exporter: one of SigNoz's, or a custom one."
  type        = string
  default     = "signoz-viewer"
}

data "signoz_roles" "known" {}

# Fails the plan, before anything is created, if there is no such role.
resource "signoz_service_account" "exporter" {
  name  = "exporter"
  roles = [var.exporter_role]

  lifecycle {
    precondition {
      condition     = contains(data.signoz_roles.known.roles[*].name, var.exporter_role)
      error_message = "There is no role ${var.exporter_role}, only ${join(", ", data.signoz_roles.known.roles[*].name)}."
    }
  }
}
