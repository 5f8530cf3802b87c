/** What each digit of base64 stands for, in either alphabet. */
const digits = new Uint8Array(128)
for (const alphabet of ['+/', '-_']) {
  const characters = `ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789${alphabet}`
  for (let digit = 0; digit < 64; digit++) digits[characters.charCodeAt(digit)] = digit
}

const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/
/** So many characters of a long value tell enough. */
const ENOUGH = 172
const COLON = 58
const EQUALS = 61
const DELETE = 127

/** Whether a value is base64 of a readable `user:password`, as Basic credentials are (RFC 7617). */
export function isUserAndPassword(value: string): boolean {
  if (value.length < 4 || !BASE64.test(value)) return false
  let hasColon = false
  let read = 0
  let bits = 0
  for (let at = 0; at < value.length && at < ENOUGH; at++) {
    const code = value.charCodeAt(at)
    if (code === EQUALS) break
    read = ((read << 6) | digits[code]!) & 0xfff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    const byte = (read >> bits) & 0xff
    if (byte < 32 || byte === DELETE) return false
    if (byte === COLON) hasColon = true
  }
  return hasColon
}
