import { createBatchEncoding } from './content/encode-batch.js'
import { masking } from './masking-slot.js'

/** What a thread of the encoder runs for each of its tasks. */
export default createBatchEncoding(masking)
