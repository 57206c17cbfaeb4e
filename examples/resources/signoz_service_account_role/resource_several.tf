# Several roles, each given and taken by itself: all others that the account
# holds stay.
data "signoz_service_account" "nightly" {
  name = "nightly-pipeline"
}

resource "signoz_service_account_role" "nightly" {
  for_each = toset(["signoz-editor", "signoz-viewer"])

  service_account_id = data.signoz_service_account.nightly.id
  role               = each.value
}
