//! The names of Suricata EVE records that the mapping reads.

use crate::row::slots;

slots! {
    /// A field of an EVE record.
    E {
        Timestamp = "timestamp", FlowId = "flow_id", Type = "event_type", Interface = "in_iface", SrcIp = "src_ip", SrcPort = "src_port",
        DestIp = "dest_ip", DestPort = "dest_port", Proto = "proto", AppProto = "app_proto", CommunityId = "community_id", Host = "host",
        Vlan = "vlan", PktSrc = "pkt_src", Direction = "direction",
        // alert
        Action = "alert.action", Gid = "alert.gid", SignatureId = "alert.signature_id", Rev = "alert.rev", Signature = "alert.signature",
        Category = "alert.category", Severity = "alert.severity", Technique = "alert.metadata.mitre_technique_id",
        TechniqueName = "alert.metadata.mitre_technique_name", Tactic = "alert.metadata.mitre_tactic_id",
        TacticName = "alert.metadata.mitre_tactic_name",
        // flow
        PktsToServer = "flow.pkts_toserver" | "netflow.pkts", PktsToClient = "flow.pkts_toclient",
        BytesToServer = "flow.bytes_toserver" | "netflow.bytes", BytesToClient = "flow.bytes_toclient",
        FlowStart = "flow.start" | "netflow.start", FlowEnd = "flow.end" | "netflow.end", FlowAge = "flow.age" | "netflow.age",
        FlowState = "flow.state", FlowReason = "flow.reason", FlowAction = "flow.action", TcpFlags = "tcp.tcp_flags", TcpState = "tcp.state",
        // dns, version 1 and 2; version 3 has arrays of objects
        DnsType = "dns.type", DnsId = "dns.id" | "dns.tx_id", DnsName = "dns.rrname" | "dns.query.rrname" | "dns.queries.rrname",
        DnsRrtype = "dns.rrtype" | "dns.query.rrtype" | "dns.queries.rrtype", DnsRcode = "dns.rcode", DnsRdata = "dns.rdata",
        DnsTtl = "dns.ttl", DnsOpcode = "dns.opcode",
        // http
        Hostname = "http.hostname", Url = "http.url", Method = "http.http_method", UserAgent = "http.http_user_agent",
        Referrer = "http.http_refer", Protocol = "http.protocol", Status = "http.status", Length = "http.length",
        ContentType = "http.http_content_type", HttpPort = "http.http_port", Xff = "http.xff",
        HttpServer = "http.server", PoweredBy = "http.x_powered_by",
        // tls
        TlsVersion = "tls.version", Sni = "tls.sni", TlsSubject = "tls.subject", TlsIssuer = "tls.issuerdn", TlsSerial = "tls.serial",
        TlsFingerprint = "tls.fingerprint", NotBefore = "tls.notbefore", NotAfter = "tls.notafter", Ja3 = "tls.ja3.hash",
        Ja3s = "tls.ja3s.hash",
        // fileinfo
        FileName = "fileinfo.filename", FileMd5 = "fileinfo.md5", FileSha1 = "fileinfo.sha1", FileSha256 = "fileinfo.sha256",
        FileSize = "fileinfo.size", FileMagic = "fileinfo.magic", FileMime = "fileinfo.mimetype",
        // ssh, smb, krb5, smtp, ftp, dhcp, rdp
        SshClient = "ssh.client.software_version", SshServer = "ssh.server.software_version", SshProto = "ssh.client.proto_version",
        SmbCommand = "smb.command", SmbFile = "smb.filename", SmbShare = "smb.share", SmbShareType = "smb.share_type",
        SmbDialect = "smb.dialect", SmbStatus = "smb.status", SmbUser = "smb.ntlmssp.user", SmbDomain = "smb.ntlmssp.domain",
        SmbHost = "smb.ntlmssp.host", KrbMessage = "krb5.msg_type", KrbClient = "krb5.cname", KrbRealm = "krb5.realm",
        KrbService = "krb5.sname", KrbError = "krb5.error_code", MailFrom = "email.from", MailTo = "email.to",
        MailSubject = "email.subject", SmtpFrom = "smtp.mail_from", SmtpTo = "smtp.rcpt_to", SmtpHelo = "smtp.helo",
        FtpCommand = "ftp.command", FtpArgument = "ftp.command_data", FtpCode = "ftp.completion_code", FtpReply = "ftp.reply",
        DhcpType = "dhcp.dhcp_type", DhcpMac = "dhcp.client_mac", DhcpAssigned = "dhcp.assigned_ip", DhcpClientIp = "dhcp.client_ip",
        DhcpHost = "dhcp.hostname", DhcpLease = "dhcp.lease_time", DhcpId = "dhcp.id", RdpEvent = "rdp.event_type",
        RdpCookie = "rdp.cookie", RdpClient = "rdp.client.client_name",
        // anomaly, OT
        AnomalyEvent = "anomaly.event", AnomalyType = "anomaly.type", AnomalyLayer = "anomaly.layer",
        ModbusFunction = "modbus.request.function_code" | "modbus.request.function_raw" | "modbus.function_code",
        DnpFunction = "dnp3.request.application.function_code" | "dnp3.application.function_code", EnipCommand = "enip.request.command",
    }
}
