resource "signoz_service_account" "deploy" {
  name  = "deploy"
  roles = ["signoz-editor"]
}

resource "signoz_service_account_key" "deploy" {
  service_account_id = signoz_service_account.deploy.id
  name               = "pipeline"
  expires_at         = "2035-01-31T12:00:00Z"
}

output "deploy_key" {
  value     = signoz_service_account_key.deploy.key
  sensitive = true
}
