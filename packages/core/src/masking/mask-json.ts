import { MASK } from './finding.js'
import { toKey } from './key-names.js'
import { maskText } from './mask-text.js'
import { isPlaceholder } from './placeholders.js'
import { readVendorKey } from './vendor-keys.js'

/**
 * Makes a masked copy of a JSON value. Texts are masked as {@link maskText} does, and wholly where their member is named
 * like a secret: `password`, `api_key`, `access_token`. Structure, numbers and the API's opaque texts (`signature`,
 * `encrypted_content`, the `data` of images and redacted thinking) stay. Any depth will do: nothing recurses.
 */
export function maskJson(value: unknown): unknown {
  const root: Record<string, unknown> = {}
  const open: Array<{ from: unknown; to: Record<string, unknown> | unknown[]; key: string | number; secret: boolean }> =
    [{ from: value, to: root, key: 'value', secret: false }]
  const copies = new Map<object, unknown>()
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { from, to, key, secret } = next
    let masked: unknown
    if (typeof from === 'string') masked = secret ? maskWhole(from) : maskText(from)
    else if (typeof from !== 'object' || from === null) masked = from
    else if (copies.has(from)) masked = copies.get(from)
    else if (Array.isArray(from)) {
      const copy: unknown[] = new Array(from.length)
      copies.set(from, copy)
      from.forEach((item, index) => void open.push({ from: item, to: copy, key: index, secret }))
      masked = copy
    } else {
      const copy: Record<string, unknown> = {}
      copies.set(from, copy)
      // In the order of the original: the stack takes the last first, so keys are laid down here.
      for (const name of Object.keys(from)) define(copy, name, undefined)
      for (const [name, item] of Object.entries(from)) {
        if (isOpaque(name, from as Record<string, unknown>)) define(copy, name, item)
        else open.push({ from: item, to: copy, key: name, secret: isSecretMember(name) })
      }
      masked = copy
    }
    if (Array.isArray(to)) to[key as number] = masked
    else define(to, key as string, masked)
  }
  return root.value
}

/** An own member even where the name is `__proto__`. */
function define(copy: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(copy, name, { value, enumerable: true, configurable: true, writable: true })
  } else copy[name] = value
}

function isSecretMember(name: string): boolean {
  const kind = toKey(name)?.kind ?? null
  return (
    kind === 'password' ||
    kind === 'secret' ||
    kind === 'token' ||
    kind === 'authorization' ||
    kind === 'cookie' ||
    /(?:^|_)(?:assertion|code_verifier)$/.test(name)
  )
}

function maskWhole(text: string): string {
  if (text === '' || isPlaceholder(text)) return text
  const scheme = /^(Bearer|Basic) +(?=\S)/i.exec(text)
  return scheme === null ? (readVendorKey(text, 0)?.mask ?? MASK) : `${scheme[1]} ${MASK}`
}

/** What the API wants back byte for byte, and says nothing of anyone's credentials (docs: build-with-claude/thinking). */
function isOpaque(name: string, owner: Record<string, unknown>): boolean {
  if (typeof owner[name] !== 'string') return false
  if (name === 'signature' || name === 'encrypted_content' || name === 'encrypted_index') return true
  return name === 'data' && (owner.type === 'base64' || owner.type === 'redacted_thinking')
}
