// Messages in Protocol Buffers' format. The library is loaded by the first message, as most programs write none.
import { createRequire } from "node:module";
import type * as Protobuf from "protobufjs/light.js";

/**
 * A function from the fields of a message to its bytes.
 *
 * @param nested Messages by name, as protobufjs' JSON descriptors have them.
 * @param name Which of them is written.
 */
export function protobufEncoder(nested: Record<string, object>, name: string): (message: object) => Uint8Array {
  let type: Protobuf.Type | undefined;
  return (message) => {
    type ??= library().Root.fromJSON({ nested }).lookupType(name);
    return type.encode(type.fromObject(message)).finish();
  };
}

const library = () => createRequire(import.meta.url)("protobufjs/light.js") as typeof Protobuf;
