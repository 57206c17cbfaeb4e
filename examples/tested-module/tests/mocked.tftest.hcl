# Without SigNoz: every id, key and time is a random text that the mock makes up.

mock_provider "signoz" {}

variables {
  pipeline           = "payments"
  dashboards_account = "grafana"
}

run "plans" {
  command = plan

  assert {
    condition     = signoz_service_account.pipeline.roles == toset(["signoz-editor"])
    error_message = "A pipeline must be able to edit."
  }
}

run "applies" {
  assert {
    condition     = signoz_service_account_key.canary.service_account_id == signoz_service_account.pipeline.id
    error_message = "Both keys must be keys of the pipeline's account."
  }

  assert {
    condition     = length(signoz_service_account_keys_exclusive.pipeline.key_ids) == 2
    error_message = "Both keys must be declared."
  }
}

run "changes" {
  variables {
    roles = ["signoz-viewer"]
  }

  assert {
    condition     = signoz_service_account.pipeline.roles == toset(["signoz-viewer"])
    error_message = "The roles must be the ones asked for."
  }
}
