# One account per service, each with the least it needs.
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

# Without `roles`: another team assigns them, and Terraform never touches them.
resource "signoz_service_account" "migration" {
  name = "data-migration"
}
