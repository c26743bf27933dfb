-- Puts the mark of a removed generation in place of its checkpoint in one partition, see
-- src/read-models/checkpoint.ts.
--
-- If Redis is out of memory, it refuses the writes of a script until a write that needs no memory
-- has been done. So the first write only deletes, and memory can always be freed.
--
-- Called by: src/projector/generations/remove-generation.ts
--
-- KEYS[1]  the checkpoint
-- ARGV[1]  the mark
-- ARGV[2]  seconds for which the mark is kept
--
-- Returns nothing.
redis.call('UNLINK', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
