// Package fleet runs many devices: for each a whole agent with its own authorization client, queue and MQTT session. Stores live
// in memory, queues in folders; there are no panels, and the devices of a process share one pool of HTTP connections. A device
// has four descriptors, and one at the lab's broker: where one process may not have enough, parts of the fleet have processes of
// their own, which the run calls over a pipe. Server and broker are the lab's own, or any others; the broker may be a cluster of
// three NATS nodes, each a process.
//
// In reading order: fleet.go (a run and its scenarios), process.go (the parts, and the calls; system_linux.go and
// system_other.go say how many descriptors there are), part.go (the devices of one process), device.go, memory.go (the store),
// servers.go (the lab's server, which approves each code), engine.go (the lab's broker), nats.go (the cluster), authority.go
// (TLS, and a change of the certificate authority), meter.go (what happens in each second), outcome.go (what it comes to),
// report.go (the table), drawing.go.
//
// # What a million devices ask for
//
// With N devices, tokens that live for L, mqtt.spread S and telemetry.interval I:
//
//   - Token requests, settled: N/(0.7 L) a second, since a device renews its tokens after 60 to 80 % of their lifetime. With
//     N = 1,000,000 and L = 1 h that is 400 a second, each two signatures at a server with ID tokens; with L = 24 h, 17.
//   - Connects, settled: the same again where the login has the token in it, since a session with a new token is a new
//     connection with its TLS handshake. A static login, or a client certificate, has none.
//   - Messages: N/I a second. With I = 30 s that is 33,000 a second with QoS 1, the same number of PUBACKs, and with
//     mqtt.keep_alive = 30 s hardly a ping besides; with I = 10 min it is 1,700, and 33,000 pings a second.
//   - Everyone boots at once, or the broker has been away: each device waits rand(0, S). The mean is N/S connects a second, and
//     as many token requests after a power failure. With S = 5 s that is 20 % of the fleet each second, 200,000; with
//     S = 120 s, 0.83 %, 8,300. Chance adds three to four times the root of it to the worst second: nothing for a million,
//     a third of the mean for ten thousand. The simulation (go test -run FleetBoots -v ./agent): with S = 120 s 10,000 agents
//     have 1.13 % of the fleet in the worst second at the token endpoint and 1.12 % at the broker, 2,000 agents 1.30 % and
//     1.40 %; the formula says 0.83 % + 4 roots, which is 1.20 % and 1.64 %. Each agent asks once and connects once.
//   - The token endpoint has been away: no spread is needed, because only those come back at once whose tokens were due
//     meanwhile, and these have each their own back-off, of 5 min at most.
//
// Run here, all on two cores, with S = 120 s and tokens that had ended (pairlab fleet -n 10000 -spread 120s -interval 120s -stage
// 240s -lifetime 24h): at three NATS nodes (-nats, -scenarios pairing,boot,node) 10,000 devices had 1.02 % of the fleet in the worst
// second at the token endpoint and 1.13 % at the brokers, were all online within 2 min, and within 2 min again after one of the
// nodes was killed; of 22,089 messages none was lost, none was un-paired, and a device took 148 KB. At the lab's own server and
// broker (-scenarios pairing,boot) it was 1.06 % and, after the first 20 s, 1.04 %, in 243 KB a device with their share of server and
// broker; in those 20 s each board was still opening its queue, on the same two cores. Since then a boot opens all boards
// first. The "late" column says where the machine held all timers up.
//
// A broker that is away: the devices whose wait ends meanwhile are refused, and wait again, between S/2 and S, until the steps
// of their back-off are longer. Those that lose a second session within a minute wait rand(0, S) too. The simulation (go test
// -run FleetMeets -v ./agent) has S = 60 s and 1,000 agents: 3.1 % in the worst second after 10 s without the broker, 4.3 %
// after three minutes, 3.0 % where all are lost twice within a minute.
//
// What keeps it flat: long tokens with a short-lived session at the broker's will, S of 60 s to 300 s, and an I of minutes. What
// breaks first is the handshake: an RSA signature a connection, about 1 ms of a core, so that S = 5 s asks a million
// devices' broker for 200 cores. The token endpoint is next, with one or two signatures a request and a write to its
// database.
package fleet
