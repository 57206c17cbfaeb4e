resource "signoz_service_account" "deploy" {
  name  = "deploy"
  roles = ["signoz-editor"]
}

resource "signoz_service_account_key" "deploy" {
  service_account_id = signoz_service_account.deploy.id
  name               = "pipeline"
  valid_for          = "90d" # or expires_at = "2027-01-31T12:00:00Z"
}

output "deploy_key" {
  value     = signoz_service_account_key.deploy.key
  sensitive = true
}
