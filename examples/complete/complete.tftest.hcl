# Runs offline, against a mock of the provider: terraform test (Terraform 1.7, OpenTofu 1.8).

mock_provider "signoz" {
  mock_resource "signoz_service_account" {
    defaults = {
      id = "0192a9c2-1234-7abc-8def-0123456789ab"
    }
  }
}

variables {
  teams = {
    web = {
      ci      = { roles = ["signoz-editor"], keys = ["deploy", "nightly"] }
      grafana = {}
    }
    data = {
      ci = {}
    }
  }
}

run "accounts_and_keys" {
  assert {
    condition     = join(" ", keys(output.accounts)) == "data-ci web-ci web-grafana"
    error_message = "There must be one account a service, named after team and service."
  }

  assert {
    condition     = join(" ", nonsensitive(keys(output.keys))) == "data-ci/default web-ci/deploy web-ci/nightly web-grafana/default"
    error_message = "Each account must have the keys asked for, or one named default."
  }

  assert {
    condition     = signoz_service_account.this["web-grafana"].roles == toset(["signoz-viewer"])
    error_message = "A service that asks for nothing may view and no more."
  }

  assert {
    condition     = alltrue([for key in signoz_service_account_key.this : key.destroy_grace_period == "2d" && key.rotate_before == "30d"])
    error_message = "Each key must rotate, and leave its users time to change over."
  }
}

run "no_admins" {
  command = plan

  variables {
    teams = {
      web = {
        ci = { roles = ["signoz-admin"] }
      }
    }
  }

  expect_failures = [var.teams]
}
