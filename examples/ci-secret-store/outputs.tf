output "secret_arn" {
  description = "ARN of the secret that holds the key."
  value       = aws_secretsmanager_secret.signoz.arn
}

output "encrypted_key" {
  description = "The key for AWS, encrypted: terraform output -raw encrypted_key | age -d -i identity.txt"
  value       = signoz_service_account_key.aws.encrypted_key
}

output "key_expires_at" {
  description = "When the current keys expire if no apply replaces them in time: the key for AWS, and those for the repositories."
  value = {
    aws    = signoz_service_account_key.aws.expires_at
    github = { for repository, key in signoz_service_account_key.github : repository => key.expires_at }
  }
}
