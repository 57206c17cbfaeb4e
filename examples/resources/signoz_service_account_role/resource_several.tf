# Several roles, each assigned and removed separately. All other roles of the
# account stay.
data "signoz_service_account" "nightly" {
  name = "nightly-pipeline"
}

resource "signoz_service_account_role" "nightly" {
  for_each = toset(["signoz-editor", "signoz-viewer"])

  service_account_id = data.signoz_service_account.nightly.id
  role               = each.value
}
