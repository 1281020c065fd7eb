output "account" {
  description = "CODEARTIFACT_ACCOUNT in the variables of the repository."
  value       = data.aws_caller_identity.current.account_id
}

output "runner_role" {
  description = "CODEARTIFACT_RUNNER_ROLE in the variables of the repository."
  value       = aws_iam_role.runner.arn
}

output "sweeper_role" {
  description = "CODEARTIFACT_SWEEPER_ROLE in the variables of the repository."
  value       = aws_iam_role.sweeper.arn
}
