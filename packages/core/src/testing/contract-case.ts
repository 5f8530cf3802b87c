import assert from 'node:assert/strict'
import { inspect } from 'node:util'

/**
 * One sentence of a contract, as code. It asserts with node:assert, so any runner can run it:
 * `for (const c of mountableCases) it(c.name, () => c.run(harness))`.
 */
export interface ContractCase<Harness> {
  readonly name: string
  run(harness: Harness): Promise<void>
}

/** Fails with `what` and both values: of a message of one's own node:assert shows that alone, and without one no more than the values. */
export function assertIs(actual: unknown, expected: unknown, what: string): void {
  assert.equal(actual, expected, `${what}: ${inspect(actual)}, where ${inspect(expected)} is expected`)
}
