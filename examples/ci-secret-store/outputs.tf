output "secret_arn" {
  description = "ARN of the secret that holds the key."
  value       = aws_secretsmanager_secret.signoz.arn
}

output "encrypted_key" {
  description = "The key for AWS, encrypted: terraform output -raw encrypted_key | age -d -i identity.txt"
  value       = signoz_service_account_key.aws.encrypted_key
}

output "key_expires_at" {
  description = "When the present keys expire, should nobody run Terraform in time: that of AWS, and those of the repositories."
  value = {
    aws    = signoz_service_account_key.aws.expires_at
    github = { for repository, key in signoz_service_account_key.github : repository => key.expires_at }
  }
}
