package telemetry

import "github.com/eclipse/paho.mqtt.golang/packets"

// noStore is paho's message store for sessions that are never resumed: what is not acknowledged
// stays in the queue, and comes again from there.
type noStore struct{}

func (noStore) Open()                             {}
func (noStore) Put(string, packets.ControlPacket) {}
func (noStore) Get(string) packets.ControlPacket  { return nil }
func (noStore) All() []string                     { return nil }
func (noStore) Del(string)                        {}
func (noStore) Close()                            {}
func (noStore) Reset()                            {}
