import type { AssignedName } from './assignment-name.js'
import { MASK, type Memo } from './finding.js'
import type { Key, KeyKind } from './key-names.js'
import type { Separator } from './separator.js'
import { prefixMask } from './vendor-keys.js'

/** Where a value stands, and what is known of it. */
export interface ValuePlace {
  readonly separator: Separator
  readonly key: Key
  /** Null where the name is itself the value of a `name` member. */
  readonly name: AssignedName | null
  readonly memo: Memo
}

const TOKEN_MASK = `token-${MASK}`

/** The mask of a value: OAuth tokens keep the word of their kind, keys of known vendors their prefix. */
export function maskFor(text: string, start: number, kind: KeyKind): string {
  return prefixMask(text, start) ?? (kind === 'token' ? TOKEN_MASK : MASK)
}
