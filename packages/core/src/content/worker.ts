import { createBatchEncoding } from './encode-batch.js'

/** What a thread of the encoder runs for each of its tasks. */
export default createBatchEncoding()
