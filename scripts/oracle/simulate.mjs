// Reads cases from stdin, one JSON object a line; answers each with a line of its own: the verdict
// of iam-simulate with the condition keys that it ignored, or why it has none.

import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'

const named = (policies) => policies.map((policy, number) => ({ name: `p${number}`, policy }))

const told = async (asked) => {
  const answer = await runSimulation(
    {
      request: {
        principal: asked.principal,
        action: asked.action,
        resource: { resource: asked.resource, accountId: asked.account },
        contextVariables: asked.context,
      },
      identityPolicies: named(asked.identity),
      permissionBoundaryPolicies: asked.boundary ? named([asked.boundary]) : undefined,
      sessionPolicy: asked.session ?? undefined,
      resourcePolicy: asked.attached ?? undefined,
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    { simulationMode: 'Strict' },
  )
  return answer.resultType === 'error'
    ? { error: JSON.stringify(answer.errors) }
    : { verdict: answer.overallResult, ignored: answer.result?.ignoredContextKeys ?? [] }
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await told(JSON.parse(line)).catch((error) => ({ error: String(error) }))
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
