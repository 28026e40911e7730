/** What a trace says of the program that made it. */
export { resourceFromAttributes } from "npm:@opentelemetry/resources@3.1.0";
