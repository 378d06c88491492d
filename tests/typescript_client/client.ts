// Sends an event and finds it again, through the types that openapi-typescript makes of the schema.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { env: Record<string, string | undefined> };

type Lead = components["schemas"]["LeadCreated"];

const hub = createClient<paths>({
  baseUrl: process.env.HUB,
  headers: { "X-API-Key": process.env.KEY },
});
const lead: Lead = { type: "lead.created", id: "site-1", data: { name: "Ana", phone: "11987654321" } };
// @ts-expect-error -- the types know that a lead has a name
const nobody: Lead = { type: "lead.created", id: "site-2", data: { phone: "11987654321" } };

const sent = await hub.POST("/api/events", { body: lead });
if (!sent.data) throw new Error(JSON.stringify(sent.error));
const found = await hub.GET("/api/events/{id}", { params: { path: { id: sent.data.event_id } } });
if (!found.data) throw new Error(JSON.stringify(found.error));
const refused = await hub.POST("/api/events", { body: nobody as unknown as Lead });
console.log(JSON.stringify({ sent: sent.data, found: found.data, refused: refused.error }));
