# Without SigNoz, with values that the module or an assertion computes with.

mock_provider "signoz" {
  mock_resource "signoz_service_account" {
    defaults = {
      email = "pipeline@signoz.example.com"
    }
  }
}

variables {
  pipeline           = "payments"
  dashboards_account = "grafana"
}

override_resource {
  target = signoz_service_account_key.pipeline
  values = {
    key        = "bm90LWEta2V5"
    expires_at = "2099-01-01T00:00:00Z"
  }
}

override_data {
  target = data.signoz_me.terraform
  values = {
    name = "terraform"
  }
}

run "outputs" {
  assert {
    condition     = output.key == "bm90LWEta2V5" && timecmp(output.key_expires_at, "2098-12-31T00:00:00Z") > 0
    error_message = "The rotating key must be an output, with its expiry."
  }

  assert {
    condition     = signoz_service_account_key.canary.expires_at == output.key_expires_at
    error_message = "Both keys must end together."
  }

  assert {
    condition     = endswith(output.email, "@signoz.example.com") && output.created_by == "terraform"
    error_message = "The account's address and its maker must be outputs."
  }
}
