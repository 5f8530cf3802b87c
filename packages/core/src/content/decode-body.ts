import { brotliDecompressSync, constants, gunzipSync, inflateSync } from 'node:zlib'

/** More is a bomb: text compresses 20-fold at most, and never past a limit that no answer comes near. */
const MAX_RATIO = 100
const LEAST_LIMIT_BYTES = 1024 * 1024
const MAX_BYTES = 32 * 1024 * 1024

/**
 * Undoes the content coding (RFC 9110 section 8.4.1) of a body, for the record alone; null where that is not possible
 * or would unpack to more than 32 MiB or 100 times its size. The end of a body may be missing.
 */
export function decodeBody(bytes: Uint8Array, coding: string | null): Uint8Array | null {
  const maxOutputLength = Math.min(MAX_BYTES, Math.max(LEAST_LIMIT_BYTES, bytes.length * MAX_RATIO))
  const flushed = { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH }
  try {
    switch (coding?.trim().toLowerCase()) {
      case undefined:
      case '':
      case 'identity':
        return bytes
      case 'gzip':
      case 'x-gzip':
        return gunzipSync(bytes, flushed)
      case 'deflate':
        return inflateSync(bytes, flushed)
      case 'br':
        return brotliDecompressSync(bytes, { maxOutputLength, finishFlush: constants.BROTLI_OPERATION_FLUSH })
      default:
        return null
    }
  } catch {
    return null
  }
}
