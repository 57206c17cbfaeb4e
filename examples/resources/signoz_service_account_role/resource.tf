# The platform team owns the account; this team only adds what it needs.
data "signoz_service_account" "shared" {
  name = "shared-pipeline"
}

resource "signoz_service_account_role" "shared_viewer" {
  service_account_id = data.signoz_service_account.shared.id
  role               = "signoz-viewer"
}
