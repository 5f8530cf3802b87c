/** Where commands find client keys and credentials, and where new ones go. */
export const PLACES = `Keys and credentials are those in CREDENTIALS_DIR and in the database of DATABASE_URL. What is new goes into the
database where DATABASE_URL is set and CREDENTIALS_DIR is not, else into the folder.`
