# Against a SigNoz that can be lost, such as the test server: SIGNOZ_ENDPOINT and SIGNOZ_API_KEY say which.
# Terraform destroys what the runs have created at the end of the file.

variables {
  pipeline           = "pipeline-under-test"
  dashboards_account = "dashboards-under-test"
}

run "other_team" {
  module {
    source = "./tests/other-team"
  }
}

run "applies" {
  assert {
    condition     = length(output.key_names) == 2 && contains(output.key_names, "canary")
    error_message = "The account must have the two declared keys."
  }

  assert {
    condition     = timecmp(output.key_expires_at, timeadd(timestamp(), "2136h")) > 0
    error_message = "The key must be valid for three months."
  }

  assert {
    condition     = contains(output.role_names, "signoz-editor") && contains(output.account_names, "dashboards-under-test")
    error_message = "The roles and accounts of SigNoz must be outputs."
  }
}

run "settles" {
  command = plan

  assert {
    condition     = length(signoz_service_account_keys_exclusive.pipeline.strays) == 0
    error_message = "Every key must be declared."
  }
}
