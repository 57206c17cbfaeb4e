resource "signoz_service_account" "ci" {
  name  = "ci"
  roles = ["signoz-editor"]
}
