# Fails the plan, before anything is changed, when the key's account isn't an admin.
data "signoz_me" "guard" {
  lifecycle {
    postcondition {
      condition     = contains(self.roles, "signoz-admin")
      error_message = "The key belongs to the account ${self.name}, which isn't an admin."
    }
  }
}
