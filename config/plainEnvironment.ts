/**
 * Makes `process.env` a plain object in this process: Node asks the system at each read of it, and drachtio-srf reads a setting of its own at each header of each message.
 * Imported for its effect, by who loads drachtio-srf.
 */
process.env = { ...process.env };
