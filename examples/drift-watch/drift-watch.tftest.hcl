# Runs offline, without a server: terraform test (Terraform 1.7, OpenTofu 1.8).

mock_provider "signoz" {}

variables {
  known_accounts = ["ci", "terraform"]
}

run "complains" {
  command = plan

  variables {
    expired_after = "24h"
  }

  override_module {
    target = module.inventory
    outputs = {
      accounts = {
        ci      = "0192a9c2-1234-7abc-8def-000000000001"
        unknown = "0192a9c2-1234-7abc-8def-000000000002"
      }
      keys = [
        {
          label        = "ci/gone"
          expires_at   = "2024-06-01T00:00:00Z"
          expired      = true
          created_at   = "2024-01-01T00:00:00Z"
          last_used_at = "2024-05-31T00:00:00Z"
        },
        {
          label        = "ci/endless"
          expires_at   = null
          expired      = false
          created_at   = "2024-01-01T00:00:00Z"
          last_used_at = null
        },
        {
          label        = "ci/healthy"
          expires_at   = "2099-01-01T00:00:00Z"
          expired      = false
          created_at   = "2024-01-01T00:00:00Z"
          last_used_at = "2098-12-31T00:00:00Z"
        },
      ]
    }
  }

  expect_failures = [
    check.no_expired_key_is_left,
    check.every_key_expires,
    check.every_key_is_used,
    check.no_unknown_account,
  ]

  assert {
    condition     = join(" ", local.expired) == "ci/gone"
    error_message = "The expired key, and no other, must be reported as expired."
  }

  assert {
    condition     = join(" ", local.unlimited) == "ci/endless" && join(" ", local.unused) == "ci/endless"
    error_message = "The endless key that nobody uses, and no other, must be reported as such."
  }

  assert {
    condition     = join(" ", local.strangers) == "unknown"
    error_message = "The account that isn't known, and no other, must be reported."
  }
}

run "expires_soon" {
  command = plan

  override_module {
    target = module.inventory
    outputs = {
      accounts = {}
      keys = [
        {
          label        = "ci/deploy"
          expires_at   = "2099-01-01T00:00:00Z"
          expired      = false
          created_at   = "2024-01-01T00:00:00Z"
          last_used_at = "2098-12-31T00:00:00Z"
        },
      ]
    }
  }

  variables {
    warn_before = "876000h" # 100 years
  }

  expect_failures = [check.no_key_expires_soon]
}

# An expired key may stay listed for a while.
run "waits_for_expired_keys" {
  command = plan

  override_module {
    target = module.inventory
    outputs = {
      accounts = {}
      keys = [
        {
          label        = "ci/gone"
          expires_at   = "2024-06-01T00:00:00Z"
          expired      = true
          created_at   = "2024-01-01T00:00:00Z"
          last_used_at = "2024-05-31T00:00:00Z"
        },
      ]
    }
  }

  variables {
    expired_after = "876000h" # 100 years
  }
}

# Without expired_after it may stay for ever.
run "is_silent" {
  command = plan

  override_module {
    target = module.inventory
    outputs = {
      accounts = { ci = "0192a9c2-1234-7abc-8def-000000000001" }
      keys = [
        {
          label        = "ci/deploy"
          expires_at   = "2099-01-01T00:00:00Z"
          expired      = false
          created_at   = "2024-01-01T00:00:00Z"
          last_used_at = "2098-12-31T00:00:00Z"
        },
        {
          label        = "ci/gone"
          expires_at   = "2024-06-01T00:00:00Z"
          expired      = true
          created_at   = "2024-01-01T00:00:00Z"
          last_used_at = "2024-05-31T00:00:00Z"
        },
        {
          label        = "ci/break-glass"
          expires_at   = null
          expired      = false
          created_at   = "2024-01-01T00:00:00Z"
          last_used_at = "2098-12-31T00:00:00Z"
        },
      ]
    }
  }

  variables {
    may_never_expire = ["ci/break-glass"]
  }
}
