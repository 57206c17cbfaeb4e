resource "signoz_service_account" "smoke_test" {
  name  = "smoke-test"
  roles = ["signoz-editor"]
}

# Made when the run needs it, revoked when the run ends, and in no state file.
ephemeral "signoz_service_account_key" "smoke_test" {
  service_account_id = signoz_service_account.smoke_test.id
}

# Everything below `signoz.smoke_test` is done as that account.
provider "signoz" {
  alias   = "smoke_test"
  api_key = ephemeral.signoz_service_account_key.smoke_test.key
}

data "signoz_me" "smoke_test" {
  provider   = signoz.smoke_test
  depends_on = [signoz_service_account.smoke_test]
}
