import { type JsonObject, omit, toArray, toObject } from './json-members.js'

/** From the root of a document to one value in it. */
export type JsonPath = readonly (string | number)[]

/** A request taken apart into what is resent with every turn and what is not. */
export interface SplitRequest {
  /** Without its messages, its tools and the large blocks of its system prompt, in whose places null stands. */
  readonly rest: JsonObject
  readonly messages: readonly unknown[]
  /** Tools and large system blocks, which a conversation resends unchanged. */
  readonly fixed: readonly { readonly path: JsonPath; readonly value: unknown }[]
  /** Moves from message to message with each turn, and would make every one of them a new part. */
  readonly cacheControl: readonly (readonly [path: JsonPath, value: unknown])[]
}

/** Smaller blocks stay with the request: a part costs a row, and a reference in every request. */
const LEAST_FIXED_CHARACTERS = 1000

/** Takes a request apart; null where it is none with messages. */
export function splitRequest(body: unknown): SplitRequest | null {
  const request = toObject(body)
  if (request === null || !Array.isArray(request.messages) || request.messages.length === 0) return null
  const cacheControl: [JsonPath, unknown][] = []
  const setAside = (block: unknown, path: JsonPath): unknown => {
    const object = toObject(block)
    if (object === null || !Object.hasOwn(object, 'cache_control')) return block
    cacheControl.push([path, object.cache_control])
    return omit(object, 'cache_control')
  }
  const messages = request.messages.map((message, at) => withoutCacheControl(message, ['messages', at], setAside))
  const fixed: { path: JsonPath; value: unknown }[] = []
  const rest: JsonObject = { ...omit(request, 'messages') }
  if (toArray(rest.tools).length > 0) {
    fixed.push({ path: ['tools'], value: toArray(rest.tools).map((tool, at) => setAside(tool, ['tools', at])) })
    rest.tools = null
  }
  if (isLarge(rest.system)) {
    fixed.push({ path: ['system'], value: rest.system })
    rest.system = null
  } else if (Array.isArray(rest.system)) {
    rest.system = rest.system.map((block, at) => {
      if (!isLarge(toObject(block)?.text)) return block
      fixed.push({ path: ['system', at], value: setAside(block, ['system', at]) })
      return null
    })
  }
  return { rest, messages, fixed, cacheControl }
}

/** Puts together what {@link splitRequest} took apart. */
export function joinRequest({ rest, messages, fixed, cacheControl }: SplitRequest): JsonObject {
  const request: JsonObject = { ...rest, messages }
  for (const { path, value } of fixed) setAt(request, path, value)
  for (const [path, value] of cacheControl) setAt(request, [...path, 'cache_control'], value)
  return request
}

/** Content blocks carry it, and so do those within a tool's result. */
function withoutCacheControl(
  message: unknown,
  path: JsonPath,
  setAside: (block: unknown, path: JsonPath) => unknown,
): unknown {
  const object = toObject(message)
  if (object === null || !Array.isArray(object.content)) return message
  const content = object.content.map((block: unknown, at) => {
    const blockPath = [...path, 'content', at]
    const bare = toObject(setAside(block, blockPath))
    if (bare === null || !Array.isArray(bare.content)) return bare ?? block
    return { ...bare, content: bare.content.map((inner: unknown, i) => setAside(inner, [...blockPath, 'content', i])) }
  })
  return { ...object, content }
}

/** Nothing is set where a part is missing on the way. */
function setAt(root: JsonObject, path: JsonPath, value: unknown): void {
  let owner: unknown = root
  for (const step of path.slice(0, -1)) owner = (owner as JsonObject | null)?.[step]
  if (typeof owner === 'object' && owner !== null) (owner as JsonObject)[path.at(-1)!] = value
}

function isLarge(text: unknown): boolean {
  return typeof text === 'string' && text.length >= LEAST_FIXED_CHARACTERS
}
