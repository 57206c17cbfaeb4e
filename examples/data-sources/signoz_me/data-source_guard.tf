# Fails the plan, before anything is changed, when the key is that of another account.
data "signoz_me" "guard" {
  lifecycle {
    postcondition {
      condition     = contains(self.roles, "signoz-admin")
      error_message = "The key belongs to the account ${self.name}, which isn't an admin."
    }
  }
}
