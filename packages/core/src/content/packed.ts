import { brotliCompressSync, brotliDecompressSync, constants, deflateRawSync, inflateRawSync } from 'node:zlib'

/** What bytes at rest are, before they were compressed. */
export type PackedForm = 'document' | 'text' | 'bytes'

/** What was there before, and can be had again for unpacking. */
export interface Before {
  /** The documents of so many messages that come before this one, joined. At most 255. */
  readonly messages: number
  readonly bytes: Uint8Array
}

const FORMS: readonly PackedForm[] = ['document', 'text', 'bytes']
const HEADER_BYTES = 3
const STORED = 0
const BROTLI = 1
const DEFLATE = 2
/** As far back as deflate can refer (RFC 1951). */
export const WINDOW_BYTES = 32 * 1024
/** Without anything before it, more is smaller by brotli: both were tried on a coding agent's conversation. */
const SMALL_BYTES = 4 * 1024
/** More gains little from what came before, and is mostly an image. */
const LARGE_BYTES = 256 * 1024
/** What the largest body unpacks to, with room for its escapes. */
const MAX_UNPACKED_BYTES = 256 * 1024 * 1024

/** What the documents of this library begin with and repeat, the commonest last; part of the stored format. */
const COMMON = Buffer.from(
  '{"part":0,"rest":{"id":"msg_01","model":"claude-opus-4-sonnet-haiku","stop_reason":"end_turn","max_tokens","stop_sequence":null,"type":"message","usage":{"cache_creation":{"ephemeral_1h_input_tokens":0,"ephemeral_5m_input_tokens":0},"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"inference_geo":"global","input_tokens":0,"output_tokens":0,"server_tool_use":{"web_fetch_requests":0,"web_search_requests":0},"service_tier":"standard"}}}{"content":[{"citations":null,"text":"","type":"text"},{"id":"toolu_01","input":{"command":"","description":"","file_path":"/","new_string":"","old_string":"","pattern":""},"name":"Bash","type":"tool_use"}],"role":"assistant"}{"content":[{"content":"","is_error":false,"tool_use_id":"toolu_01","type":"tool_result"}],"role":"user"}{"cacheControl":[[["messages",1,"content",0],{"ttl":"1h","type":"ephemeral"}],[["messages",2,"content",0],{"type":"ephemeral"}],[["system",1],{"type":"ephemeral"}],[["tools",0],{"type":"ephemeral"}]],"fixed":[[["tools"],0],[["system",1],1],[["system",2],2]],"messages":1,"rest":{"max_tokens":32000,"metadata":{"user_id":"user__account__session_"},"model":"claude-opus-4","stream":true,"system":[{"text":"x-anthropic-billing-header: cc_version=2.1.; cc_entrypoint=cli; cch=;","type":"text"},null,null],"temperature":1,"thinking":{"budget_tokens":31999,"type":"enabled"},"tools":null}}',
)

/**
 * Compresses bytes for rest. A message alone lacks what makes the whole conversation compress well: it is deflated over
 * what came before (RFC 1951 with a preset dictionary), and a small document over {@link COMMON}. Anything else goes
 * through brotli, which looks further back than deflate does.
 */
export function pack(form: PackedForm, bytes: Uint8Array, before: Before | null = null): Buffer {
  const deflates = form === 'document' && bytes.length <= (before === null ? SMALL_BYTES : LARGE_BYTES)
  const packed = deflates ? toDeflate(bytes, before?.bytes ?? COMMON) : toBrotli(form, bytes)
  if (packed.length >= bytes.length) return Buffer.concat([toHeader(form, STORED, 0), bytes])
  return Buffer.concat([deflates ? toHeader(form, DEFLATE, before?.messages ?? 0) : toHeader(form, BROTLI, 0), packed])
}

/**
 * Opens what {@link pack} gave; null where what came before is not to be had.
 *
 * @param before joins the documents of so many messages that come before
 */
export function unpack(
  packed: Uint8Array,
  before: (messages: number) => Uint8Array | null = () => null,
): { readonly form: PackedForm; readonly bytes: Uint8Array } | null {
  const [form, method, messages] = packed as unknown as [number, number, number]
  const rest = packed.subarray(HEADER_BYTES)
  const limit = { maxOutputLength: MAX_UNPACKED_BYTES }
  let bytes: Uint8Array = rest
  if (method === BROTLI) bytes = brotliDecompressSync(rest, limit)
  else if (method === DEFLATE) {
    const dictionary = messages === 0 ? COMMON : before(messages)
    if (dictionary === null) return null
    bytes = inflateRawSync(rest, { ...limit, dictionary })
  }
  return { form: FORMS[form]!, bytes }
}

/** The last bytes that deflate can refer to. */
export function toWindow(documents: readonly Uint8Array[]): Buffer {
  const joined = Buffer.concat(documents)
  return joined.subarray(Math.max(0, joined.length - WINDOW_BYTES))
}

function toHeader(form: PackedForm, method: number, messages: number): Buffer {
  return Buffer.of(FORMS.indexOf(form), method, messages)
}

function toDeflate(bytes: Uint8Array, dictionary: Uint8Array): Buffer {
  return deflateRawSync(bytes, { level: 9, memLevel: 9, dictionary })
}

function toBrotli(form: PackedForm, bytes: Uint8Array): Buffer {
  return brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: bytes.length > LARGE_BYTES ? 4 : 6,
      [constants.BROTLI_PARAM_MODE]: form === 'bytes' ? constants.BROTLI_MODE_GENERIC : constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  })
}
