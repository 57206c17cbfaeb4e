data "signoz_roles" "all" {}

output "custom_roles" {
  value = [for r in data.signoz_roles.all.roles : r.name if r.type == "custom"]
}
