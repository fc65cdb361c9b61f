// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/packet_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_mbuf.h>

#include "net/train.h"
#include "urdmad/port.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4 /* Linux 6.2 */
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif
#ifndef PACKET_IGNORE_OUTGOING /* Linux 4.20 */
#define PACKET_IGNORE_OUTGOING 23
#endif

enum {
	/*
	 * In the kernel, each frame that waits takes a slot, a train as well as
	 * what comes alone, and many must fit while somebody else has the
	 * processor.  What a slot does not hold (PACKET_COPY_THRESH) waits as
	 * any socket's packets do; where the kernel grants no room for those,
	 * the slots are long.
	 */
	SLOT = 2048,
	SLOT_LONG = 32 * 1024,
	SLOTS_MAX = 8192,
	BLOCK = 4 * SLOT_LONG,
	RING_MAX = 32 << 20, /* bytes */
	RECEIVE_BYTES = 64 << 20,
	SEND_BYTES = 16 << 20,
	VNET = sizeof(struct virtio_net_hdr),
	SMALL = 4,	/* slots for each frame: short ones come in numbers */
	CARS_MAX = 128, /* of a train that comes */
};

struct packet_port {
	int fd;
	uint8_t *ring;
	uint32_t slot, slots; /* bytes of each, how many */
	uint32_t at;	      /* the slot that comes next */
	bool trains;	      /* the kernel takes them */
	struct rte_mempool *pool;
	/* The rest of a train. */
	struct rte_mbuf *cars[CARS_MAX];
	uint32_t car, car_count;
	uint64_t lost;
};

/*
 * Opening.
 */

static int set(int fd, int name, int value)
{
	return setsockopt(fd, SOL_PACKET, name, &value, sizeof(value));
}

/* More than the machine's limit, for who may. */
static bool make_room(int fd, int force, int name, int bytes)
{
	if (setsockopt(fd, SOL_SOCKET, force, &bytes, sizeof(bytes)) == 0)
		return true;
	setsockopt(fd, SOL_SOCKET, name, &bytes, sizeof(bytes));
	return false;
}

static void plan_ring(struct packet_port *port, uint32_t frames)
{
	bool room =
		make_room(port->fd, SO_RCVBUFFORCE, SO_RCVBUF, RECEIVE_BYTES);
	uint32_t most, in_block;

	port->slot = room ? SLOT : SLOT_LONG;
	most = RING_MAX / port->slot;
	if (most > SLOTS_MAX)
		most = SLOTS_MAX;
	in_block = BLOCK / port->slot;
	port->slots = frames < most / SMALL ? frames * SMALL : most;
	port->slots = (port->slots + in_block - 1) / in_block * in_block;
}

static int map_ring(struct packet_port *port)
{
	struct tpacket_req ring = { .tp_block_size = BLOCK,
				    .tp_frame_size = port->slot,
				    .tp_block_nr =
					    port->slots / (BLOCK / port->slot),
				    .tp_frame_nr = port->slots };
	void *at;

	if (setsockopt(port->fd, SOL_PACKET, PACKET_RX_RING, &ring,
		       sizeof(ring)) < 0)
		return -1;
	at = mmap(NULL, (size_t)port->slot * port->slots,
		  PROT_READ | PROT_WRITE, MAP_SHARED, port->fd, 0);
	if (at == MAP_FAILED)
		return -1;
	port->ring = at;
	return 0;
}

static int set_up(struct packet_port *port, unsigned int ifindex,
		  uint32_t frames)
{
	struct packet_mreq all = { .mr_ifindex = (int)ifindex,
				   .mr_type = PACKET_MR_PROMISC };
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = (int)ifindex };

	plan_ring(port, frames);
	if (set(port->fd, PACKET_VERSION, TPACKET_V2) < 0 ||
	    set(port->fd, PACKET_VNET_HDR, 1) < 0 ||
	    set(port->fd, PACKET_COPY_THRESH, 1) < 0 || map_ring(port) < 0)
		return -1;
	/* both may be refused: less goes at once, and our own comes back */
	make_room(port->fd, SO_SNDBUFFORCE, SO_SNDBUF, SEND_BYTES);
	set(port->fd, PACKET_IGNORE_OUTGOING, 1);
	if (setsockopt(port->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all,
		       sizeof(all)) < 0)
		return -1;
	return bind(port->fd, (const struct sockaddr *)&at, sizeof(at));
}

struct packet_port *packet_port_open(const char *netdev,
				     struct rte_mempool *pool, uint32_t frames)
{
	struct packet_port *port = calloc(1, sizeof(*port));
	unsigned int ifindex = if_nametoindex(netdev);
	int error;

	if (!port)
		return NULL;
	port->pool = pool;
	port->trains = true;
	/* it hears nothing before it is bound */
	port->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (ifindex && port->fd >= 0 && set_up(port, ifindex, frames) == 0)
		return port;
	error = errno;
	packet_port_close(port);
	errno = error;
	return NULL;
}

void packet_port_close(struct packet_port *port)
{
	if (!port)
		return;
	while (port->car < port->car_count)
		rte_pktmbuf_free(port->cars[port->car++]);
	if (port->ring)
		munmap(port->ring, (size_t)port->slot * port->slots);
	if (port->fd >= 0)
		close(port->fd);
	free(port);
}

int packet_port_fd(const struct packet_port *port)
{
	return port->fd;
}

uint64_t packet_port_lost(struct packet_port *port)
{
	uint64_t lost = port->lost;

	port->lost = 0;
	return lost;
}

/*
 * Receiving.
 */

/* What came, as the kernel describes it. */
struct arrival {
	struct virtio_net_hdr vnet;
	const uint8_t *bytes;
	uint32_t here; /* bytes of it in the slot */
	uint32_t len;
	bool waits; /* all of it, in the socket's queue */
};

/* How it is cut.  What is no train is one car without a head. */
struct cut {
	struct train_head head;
	uint32_t size; /* of each but the last, without the head */
	uint32_t cars;
};

static struct arrival look(const struct tpacket2_hdr *header)
{
	const uint8_t *mac = (const uint8_t *)header + header->tp_mac;
	struct arrival in = { .bytes = mac,
			      .here = header->tp_snaplen,
			      .len = header->tp_len,
			      .waits = header->tp_status & TP_STATUS_COPY };

	memcpy(&in.vnet, mac - VNET, VNET);
	return in;
}

static bool is_train(const struct virtio_net_hdr *vnet)
{
	switch (vnet->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_UDP_L4:
	case VIRTIO_NET_HDR_GSO_TCPV4:
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return vnet->gso_size != 0;
	default:
		return false;
	}
}

static struct cut plan_cut(const struct arrival *in)
{
	struct cut cut = { .size = in->len, .cars = 1 };

	if (!is_train(&in->vnet))
		return cut;
	cut.head = train_head(in->bytes, in->here);
	if (!cut.head.len || cut.head.len >= in->len) {
		cut.head.len = 0;
		return cut;
	}
	cut.size = in->vnet.gso_size;
	cut.cars = (in->len - cut.head.len + cut.size - 1) / cut.size;
	return cut;
}

static uint32_t car_len(const struct arrival *in, const struct cut *cut,
			uint32_t car)
{
	uint32_t left = in->len - cut->head.len - car * cut->size;

	return left < cut->size ? left : cut->size;
}

/* Each car's place, behind that of its head. */
static bool make_cars(struct packet_port *port, const struct arrival *in,
		      const struct cut *cut, struct iovec *places)
{
	uint32_t room = rte_pktmbuf_data_room_size(port->pool);

	if (cut->cars > CARS_MAX ||
	    cut->head.len + cut->size + RTE_PKTMBUF_HEADROOM > room ||
	    rte_pktmbuf_alloc_bulk(port->pool, port->cars, cut->cars) != 0)
		return false;
	for (uint32_t i = 0; i < cut->cars; i++) {
		uint32_t len = car_len(in, cut, i);
		char *at = rte_pktmbuf_append(port->cars[i],
					      (uint16_t)(cut->head.len + len));

		places[i] = (struct iovec){ at + cut->head.len, len };
	}
	return true;
}

/* The interface's going down is told once, in a frame's place. */
static bool receive_message(struct packet_port *port, struct msghdr *msg,
			    size_t len)
{
	ssize_t got;

	do
		got = recvmsg(port->fd, msg, MSG_DONTWAIT | MSG_TRUNC);
	while (got < 0 && errno == ENETDOWN);
	return got >= 0 && (size_t)got == len;
}

/* Out of the socket's queue, where it must not stay in any case: the next one
 * would be taken for it. */
static bool fetch(struct packet_port *port, const struct arrival *in,
		  uint32_t head_len, const struct iovec *places, uint32_t count)
{
	struct virtio_net_hdr vnet;
	uint8_t head[TRAIN_HEAD_MAX];
	struct iovec pieces[2 + CARS_MAX] = {
		{ &vnet, VNET },
		{ head, head_len },
	};
	struct msghdr msg = { .msg_iov = pieces, .msg_iovlen = 2 + count };

	if (count)
		memcpy(pieces + 2, places, count * sizeof(*places));
	return receive_message(port, &msg, VNET + in->len);
}

static void copy(const struct arrival *in, uint32_t head_len,
		 const struct iovec *places, uint32_t count)
{
	const uint8_t *from = in->bytes + head_len;

	for (uint32_t i = 0; i < count; i++) {
		memcpy(places[i].iov_base, from, places[i].iov_len);
		from += places[i].iov_len;
	}
}

/* How far the kernel vouches for its checksum. */
static uint64_t checksum_flag(const struct virtio_net_hdr *vnet)
{
	if (vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM || is_train(vnet))
		return RTE_MBUF_F_RX_L4_CKSUM_NONE; /* it is not made yet */
	return vnet->flags & VIRTIO_NET_HDR_F_DATA_VALID
		       ? RTE_MBUF_F_RX_L4_CKSUM_GOOD
		       : 0;
}

static void finish_cars(struct packet_port *port, const struct arrival *in,
			const struct cut *cut)
{
	uint64_t flag = checksum_flag(&in->vnet);

	for (uint32_t i = 0; i < cut->cars; i++) {
		struct rte_mbuf *mbuf = port->cars[i];
		struct train_car car = { .index = i,
					 .off = i * cut->size,
					 .len = car_len(in, cut, i),
					 .last = i + 1 == cut->cars };

		mbuf->ol_flags |= flag;
		if (cut->head.len)
			train_uncouple(in->bytes, cut->head, car,
				       rte_pktmbuf_mtod(mbuf, uint8_t *));
	}
}

static bool take(struct packet_port *port, const struct arrival *in)
{
	struct iovec places[CARS_MAX];
	struct cut cut = plan_cut(in);
	bool whole = in->here == in->len;

	if (!make_cars(port, in, &cut, places)) {
		if (in->waits)
			fetch(port, in, 0, NULL, 0);
		return false;
	}
	if (whole)
		copy(in, cut.head.len, places, cut.cars);
	if (in->waits)
		whole = fetch(port, in, cut.head.len, places, cut.cars);
	if (!whole) {
		rte_pktmbuf_free_bulk(port->cars, cut.cars);
		return false;
	}
	finish_cars(port, in, &cut);
	port->car = 0;
	port->car_count = cut.cars;
	return true;
}

/* The kernel counts what found no slot. */
static void count_lost(struct packet_port *port)
{
	struct tpacket_stats stats = { 0 };
	socklen_t len = sizeof(stats);

	if (getsockopt(port->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) ==
	    0)
		port->lost += stats.tp_drops;
}

/* The next slot's; false: nothing waits. */
static bool take_slot(struct packet_port *port)
{
	struct tpacket2_hdr *header =
		(void *)(port->ring + (size_t)port->at * port->slot);
	uint32_t status = __atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE);
	struct arrival in;

	if (!(status & TP_STATUS_USER))
		return false;
	in = look(header);
	if (!take(port, &in))
		port->lost++;
	__atomic_store_n(&header->tp_status, TP_STATUS_KERNEL,
			 __ATOMIC_RELEASE);
	port->at = (port->at + 1) % port->slots;
	if (status & TP_STATUS_LOSING)
		count_lost(port);
	return true;
}

unsigned int packet_port_receive(struct packet_port *port,
				 struct rte_mbuf **burst, unsigned int max)
{
	unsigned int count = 0;

	while (count < max) {
		if (port->car < port->car_count)
			burst[count++] = port->cars[port->car++];
		else if (!take_slot(port))
			break;
	}
	return count;
}

/*
 * Sending.
 */

/* One burst, as the kernel takes it. */
struct departure {
	struct train_frame frames[PORT_BURST_MAX];
	struct mmsghdr messages[PORT_BURST_MAX];
	unsigned int cars[PORT_BURST_MAX]; /* of each message */
	struct virtio_net_hdr vnets[PORT_BURST_MAX];
	uint8_t heads[PORT_BURST_MAX][TRAIN_HEAD_MAX];
	struct iovec pieces[3 * PORT_BURST_MAX];
	unsigned int piece_count;
};

static struct iovec *add_piece(struct departure *out, const void *bytes,
			       size_t len)
{
	struct iovec *piece = &out->pieces[out->piece_count++];

	*piece = (struct iovec){ .iov_base = (void *)bytes, .iov_len = len };
	return piece;
}

static uint8_t offload(struct train_head head)
{
	if (!head.tcp)
		return VIRTIO_NET_HDR_GSO_UDP_L4;
	return head.transport == ETH_LEN + IP6_LEN ? VIRTIO_NET_HDR_GSO_TCPV6
						   : VIRTIO_NET_HDR_GSO_TCPV4;
}

/* What the kernel finishes, if nothing does it behind it. */
static void leave_checksum(struct virtio_net_hdr *vnet, struct train_head head)
{
	vnet->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	vnet->csum_start = (uint16_t)head.transport;
	vnet->csum_offset = (uint16_t)(train_checksum(head) - head.transport);
}

static void add_train(struct departure *out, unsigned int n,
		      const struct train_frame *frames, uint32_t cars,
		      struct train_head head)
{
	struct virtio_net_hdr *vnet = &out->vnets[n];

	vnet->gso_type = offload(head);
	vnet->hdr_len = (uint16_t)head.len;
	vnet->gso_size = (uint16_t)(frames[0].len - head.len);
	leave_checksum(vnet, head);
	train_couple(frames, cars, head, out->heads[n]);
	add_piece(out, out->heads[n], head.len);
	for (uint32_t i = 0; i < cars; i++)
		add_piece(out, frames[i].bytes + head.len,
			  frames[i].len - head.len);
}

/* The next message: how many of the frames it is. */
static unsigned int add_message(struct departure *out, unsigned int n,
				const struct train_frame *frames,
				unsigned int count)
{
	struct msghdr *msg = &out->messages[n].msg_hdr;
	unsigned int first = out->piece_count;
	struct train_head head;
	uint32_t cars = train_cars(frames, count, &head);

	out->vnets[n] = (struct virtio_net_hdr){ .flags = 0 };
	add_piece(out, &out->vnets[n], VNET);
	if (cars > 1) {
		add_train(out, n, frames, cars, head);
	} else {
		if (frames[0].unfinished)
			leave_checksum(&out->vnets[n], head);
		add_piece(out, frames[0].bytes, frames[0].len);
	}
	*msg = (struct msghdr){ .msg_iov = &out->pieces[first],
				.msg_iovlen = out->piece_count - first };
	return cars;
}

/* What is no plain refusal to take more now is the frame's own fault. */
static unsigned int gone(struct packet_port *port, struct departure *out,
			 unsigned int sent, unsigned int messages)
{
	unsigned int count = 0;

	for (unsigned int n = 0; n < sent; n++)
		count += out->cars[n];
	if (sent == messages || errno == EAGAIN)
		return count;
	if (errno == EINVAL && out->cars[sent] > 1) {
		port->trains = false; /* they go one by one */
		return count;
	}
	return count + out->cars[sent];
}

static struct train_frame frame_of(const struct rte_mbuf *mbuf)
{
	return (struct train_frame){
		.bytes = rte_pktmbuf_mtod(mbuf, const uint8_t *),
		.len = mbuf->data_len,
		.unfinished = mbuf->ol_flags & RTE_MBUF_F_TX_TCP_CKSUM,
	};
}

unsigned int packet_port_send(struct packet_port *port, struct rte_mbuf **burst,
			      unsigned int count)
{
	struct departure out;
	unsigned int messages = 0, done = 0;
	int sent;

	out.piece_count = 0;
	for (unsigned int i = 0; i < count; i++)
		out.frames[i] = frame_of(burst[i]);
	while (done < count) {
		out.cars[messages] =
			add_message(&out, messages, out.frames + done,
				    port->trains ? count - done : 1);
		done += out.cars[messages++];
	}
	sent = sendmmsg(port->fd, out.messages, messages, MSG_DONTWAIT);
	if (sent >= 0 && (unsigned int)sent < messages)
		errno = EAGAIN; /* why is said when it is tried again */
	done = gone(port, &out, sent < 0 ? 0 : (unsigned int)sent, messages);
	for (unsigned int i = 0; i < done; i++)
		rte_pktmbuf_free(burst[i]);
	return done;
}
