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
          account      = "ci"
          name         = "gone"
          label        = "ci/gone"
          retired      = false
          expires_at   = "2024-06-01T00:00:00Z"
          expired      = true
          created_at   = "2024-01-01T00:00:00Z"
          last_used_at = "2024-05-31T00:00:00Z"
        },
        {
          account      = "ci"
          name         = "endless"
          label        = "ci/endless"
          retired      = false
          expires_at   = null
          expired      = false
          created_at   = "2024-01-01T00:00:00Z"
          last_used_at = null
        },
        {
          account      = "ci"
          name         = "healthy"
          label        = "ci/healthy"
          retired      = false
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
    error_message = "The endless key that is not used, and no other, must be reported as such."
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
          account      = "ci"
          name         = "deploy"
          label        = "ci/deploy"
          retired      = false
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
          account      = "ci"
          name         = "gone"
          label        = "ci/gone"
          retired      = false
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

# Without expired_after it may stay forever.
run "is_silent" {
  command = plan

  override_module {
    target = module.inventory
    outputs = {
      accounts = { ci = "0192a9c2-1234-7abc-8def-000000000001" }
      keys = [
        {
          account      = "ci"
          name         = "deploy"
          label        = "ci/deploy"
          retired      = false
          expires_at   = "2099-01-01T00:00:00Z"
          expired      = false
          created_at   = "2024-01-01T00:00:00Z"
          last_used_at = "2098-12-31T00:00:00Z"
        },
        {
          account      = "ci"
          name         = "gone"
          label        = "ci/gone"
          retired      = false
          expires_at   = "2024-06-01T00:00:00Z"
          expired      = true
          created_at   = "2024-01-01T00:00:00Z"
          last_used_at = "2024-05-31T00:00:00Z"
        },
        {
          account      = "ci"
          name         = "break-glass"
          label        = "ci/break-glass"
          retired      = false
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

# Undeclared keys, retired ones that are still in use, and new ones that are not used.
run "looks_after_rotation" {
  command = plan

  variables {
    known_accounts = null
    known_keys = {
      "ci" = ["deploy-[a-z]{12}", "nightly"]
      "*"  = ["break-glass"]
    }
    retired_ends_within = "876000h" # 100 years
    in_use_within       = "876000h"
  }

  override_module {
    target = module.inventory
    outputs = {
      accounts = { ci = "0192a9c2-1234-7abc-8def-000000000001" }
      keys = [
        {
          account      = "ci"
          name         = "deploy-abcdefghijkl"
          label        = "ci/deploy-abcdefghijkl"
          retired      = false
          expires_at   = "2099-01-01T00:00:00Z"
          expired      = false
          created_at   = "2024-01-01T00:00:00Z"
          last_used_at = null
        },
        {
          account      = "ci"
          name         = "deploy-mnopqrstuvwx-retired-abcdefghijkl"
          label        = "ci/deploy-mnopqrstuvwx-retired-abcdefghijkl"
          retired      = true
          expires_at   = "2098-01-01T00:00:00Z"
          expired      = false
          created_at   = "2023-01-01T00:00:00Z"
          last_used_at = "2025-01-01T00:00:00Z"
        },
        {
          account      = "ci"
          name         = "nightly"
          label        = "ci/nightly"
          retired      = false
          expires_at   = "2099-01-01T00:00:00Z"
          expired      = false
          created_at   = "2024-01-01T00:00:00Z"
          last_used_at = "2098-12-31T00:00:00Z"
        },
        {
          account      = "ci"
          name         = "nightly-retired-abcdefghijkl"
          label        = "ci/nightly-retired-abcdefghijkl"
          retired      = true
          expires_at   = "2098-01-01T00:00:00Z"
          expired      = false
          created_at   = "2023-01-01T00:00:00Z"
          last_used_at = null
        },
        {
          account      = "ci"
          name         = "nightly-by-hand"
          label        = "ci/nightly-by-hand"
          retired      = false
          expires_at   = "2099-01-01T00:00:00Z"
          expired      = false
          created_at   = "2024-01-01T00:00:00Z"
          last_used_at = "2098-12-31T00:00:00Z"
        },
        {
          account      = "grafana"
          name         = "break-glass"
          label        = "grafana/break-glass"
          retired      = false
          expires_at   = "2099-01-01T00:00:00Z"
          expired      = false
          created_at   = "2024-01-01T00:00:00Z"
          last_used_at = "2098-12-31T00:00:00Z"
        },
      ]
    }
  }

  expect_failures = [
    check.every_key_is_used,
    check.no_unknown_key,
    check.no_retired_key_is_in_use,
    check.every_new_key_is_used,
  ]

  assert {
    condition     = join(" ", local.unknown) == "ci/nightly-by-hand (created 2024-01-01T00:00:00Z, last used 2098-12-31T00:00:00Z)"
    error_message = "The key that isn't known, and no other, must be reported."
  }

  assert {
    condition     = join(" ", local.retired_in_use) == "ci/deploy-mnopqrstuvwx-retired-abcdefghijkl (ends 2098-01-01T00:00:00Z, last used 2025-01-01T00:00:00Z)"
    error_message = "The retired key that is in use, and no other, must be reported."
  }

  assert {
    condition     = join(" ", local.new_unused) == "ci/deploy-abcdefghijkl (created 2024-01-01T00:00:00Z)"
    error_message = "The new key that is not used, and no other, must be reported."
  }
}
