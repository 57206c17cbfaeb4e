data "signoz_service_accounts" "ci" {
  name_regex = "^ci-"
}

output "ci_accounts" {
  value = { for a in data.signoz_service_accounts.ci.service_accounts : a.name => a.id }
}
