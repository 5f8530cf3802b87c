import { WordSet } from './word-set.js'

/** Words that say in what state a secret is, or of what kind, where one might stand: `access_token: revoked`. */
const STATES = new WordSet(
  (
    'absent accepted anonymous body cookie guest header meta query rotate search service ' +
    'absent accepted active allowed available blocked cached cleared collected completed configured confidential ' +
    'created declared defined deleted denied deprecated derived detected different empty exists external found given ' +
    'granted ignored inactive inherited injected internal issued leaked limited loaded malformed mismatch misused ' +
    'needed nonempty nullable opaque passed pending permanent present private provided public reject rejected ' +
    'replaced reserved restricted returned reused revoked rotated saved secured sensitive shared stored supplied ' +
    'supported temporary unavailable unchanged unknown unspecified unsupported untrusted unused updated used verified'
  ).split(' '),
)
const WORDS = /^[a-z]+(?:-[a-z]+)*$/
const LINK =
  /(?:^|[-.])(?:a|an|and|as|at|authenticated|based|by|end|for|from|in|is|less|like|lived|of|on|only|or|per|prefixed|style|the|to|with|you)(?:$|[-.])/
const NAMES_SECRET = /-(?:secrets?|tokens?|keys?|password|credentials?|auth|bearer|config|ref)$/

/** Whether a value is a word for the state of a secret. */
export const isState = (value: string): boolean => STATES.has(value)

/** Whether `hunter` or `correct-horse` may be the value of a setting: no name in code, of a secret elsewhere, or of a state. */
export const isPlainWord = (value: string): boolean =>
  value.length >= 5 && value.length <= 64 && WORDS.test(value) && !isCompound(value) && !isState(value)

/** Whether a value is `access-token` or `cookie-based`: words of prose, or the name of a secret. */
export const isCompound = (value: string): boolean =>
  value.includes('-') && (NAMES_SECRET.test(value) || LINK.test(value.toLowerCase()))

/** Whether a value is a name that was given to a secret, `prod-deploy-token`: three words or more that are no compound of prose. */
export const isJoinedWords = (value: string): boolean =>
  value.length >= 12 && /^[A-Za-z]+(?:-[A-Za-z]+){2,}$/.test(value) && !LINK.test(value.toLowerCase())

/** Whether capitals are strewn over the letters as no name in code has them: `kJhGfdSaPoIuYtReWq`. */
export function isScrambled(value: string): boolean {
  if (value.length < 16 || !/^[A-Za-z]+$/.test(value)) return false
  const capitals = value.replace(/[a-z]+/g, '').length
  return capitals * 3 >= value.length && capitals * 4 <= value.length * 3
}
