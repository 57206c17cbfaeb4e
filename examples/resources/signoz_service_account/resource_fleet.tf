# One account a service, each with the least it needs.
locals {
  services = {
    grafana     = ["signoz-viewer"]
    status-page = ["signoz-viewer"]
    alert-sync  = ["signoz-editor"]
  }
}

resource "signoz_service_account" "service" {
  for_each = local.services

  name  = each.key
  roles = each.value
}

# `roles` left out: another team grants them, and Terraform never touches them.
resource "signoz_service_account" "migration" {
  name = "data-migration"
}
