import { Transform } from 'node:stream'
import { Scanner } from './scanner.js'

/**
 * Creates a stream that masks the bytes that pass as {@link maskText} masks the whole text, wherever they were cut.
 * Bytes are read one by one: what is no secret passes byte for byte, whatever its encoding, if that extends ASCII.
 * Holds back at most 8 KiB and the current chunk.
 */
export function createMaskStream(): Transform {
  const scanner = new Scanner()
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      done(null, toBytes(scanner.push(chunk.toString('latin1'))))
    },
    flush(done) {
      done(null, toBytes(scanner.end()))
    },
  })
}

function toBytes(masked: string): Buffer | null {
  return masked === '' ? null : Buffer.from(masked, 'latin1')
}
