import type { JsonObject } from './json-members.js'
import type { JsonPath } from './split-request.js'

/** What is sealed of a request that was taken apart. */
export interface RequestDocument {
  readonly rest: JsonObject
  /** How many there were. */
  readonly messages: number
  /** Each by its place among the references. */
  readonly fixed: readonly (readonly [path: JsonPath, reference: number])[]
  readonly cacheControl: readonly (readonly [path: JsonPath, value: unknown])[]
  /** Absent where there is none, or it is sealed by itself. A seal takes as much as what is left of an answer. */
  readonly answer?: AnswerDocument
}

/** What is sealed of an answer that is a message. */
export interface AnswerDocument {
  /** Its role and content, by their place among the references. */
  readonly part: number
  readonly rest: JsonObject
}

/** The kinds of sealed things, each with an id: of a part its domain and hash, of the others the request's. */
export const purposes = {
  part: 'content-part',
  request: 'content-request',
  answer: 'content-answer',
} as const

/** The id that a part is sealed for. */
export function toPartId(domain: string, hash: string): string {
  return `${domain}/${hash}`
}
