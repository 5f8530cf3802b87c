/**
 * One sentence of a contract, as code. It asserts with node:assert, so any runner can run it:
 * `for (const c of mountableCases) it(c.name, () => c.run(harness))`.
 */
export interface ContractCase<Harness> {
  readonly name: string
  run(harness: Harness): Promise<void>
}
