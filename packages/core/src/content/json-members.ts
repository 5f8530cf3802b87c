/** A parsed JSON object. */
export type JsonObject = Record<string, unknown>

/** The value as an object, or null where it is none. */
export function toObject(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null
}

/** The value as an array, empty where it is none. */
export function toArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** A copy without one member. Members named `__proto__` are kept as what they are. */
export function omit(object: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== name))
}
