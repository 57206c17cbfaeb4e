data "signoz_service_account" "audited" {
  name = "ci-runner"
}

data "signoz_service_account_keys" "audited" {
  service_account_id = data.signoz_service_account.audited.id
}

output "keys_without_expiry" {
  value = [for k in data.signoz_service_account_keys.audited.keys : k.name if k.expires_at == null]
}
