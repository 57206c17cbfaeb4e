# What the module expects to be there already.

terraform {
  required_providers {
    signoz = {
      source = "signoz-community/signoz"
    }
  }
}

resource "signoz_service_account" "dashboards" {
  name  = "dashboards-under-test"
  roles = ["signoz-anonymous"]
}
