variable "teams" {
  description = "Teams, their services, and what each of these needs in SigNoz."
  type = map(map(object({
    roles             = optional(set(string), ["signoz-viewer"])
    keys              = optional(set(string), ["default"])
    key_valid_for     = optional(string, "90d")
    key_rotate_before = optional(string, "30d")
  })))

  default = {
    payments = {
      ci      = { roles = ["signoz-editor"], keys = ["deploy", "nightly"] }
      grafana = {}
    }
    platform = {
      alert-sync = { roles = ["signoz-editor"], key_valid_for = "30d", key_rotate_before = "10d" }
    }
  }

  validation {
    condition = alltrue(flatten([
      for services in var.teams : [
        for settings in services : !contains(settings.roles, "signoz-admin")
      ]
    ]))
    error_message = "Services of teams don't get signoz-admin: it may manage all accounts and keys."
  }
}

variable "key_grace_period" {
  description = "How long a replaced key keeps working, so that its consumers can switch."
  type        = string
  default     = "2d"
}
