export type { ContractCase } from './contract-case.js'
export { type MountableHarness, type MountedHost, mountableCases } from './mountable-cases.js'
export { type RecordedRequest, type StubAnswer, type StubUpstream, stubUpstream } from './stub-upstream.js'
